# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each rule of style.py bites, and no more than it should; and the tree follows all of them."""
import pytest
import style

TREE = ("wire", "conf", "helper", "apply", "lib", "cli")

GOOD = """\
/* A reason. */
#define TWICE(number) ((number) * 2)

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

struct pair {
    int first;
    int second;
};

enum colour { RED, GREEN };

static const struct pair pairs[] = {{1, 2}, {3, 4}};

int add(int a, int b);

int add(int a, int b) {
    struct pair sum = {.first = a, .second = b};
    int up;
    int down;

    for (up = 0, down = 9; up < down; up++, down--) {
        a += up;
    }
    do {
        a--;
    } while (a > 9);
    if (a > b) {
        errno = 0;
    } else if (a < b) {
        printf("%d, %d\\n", a, b);
    } else {
        a = TWICE(b);
    }
    switch (a) {
    case RED: return WIFEXITED(b) ? WEXITSTATUS(b) : 1;
    case GREEN:
        a = sum.first;
        break;
    default: break;
    }
    return a > b ? a : (int)sizeof(pairs);
}
"""
LONG = "    a += 1;\n"

# what is written in a function's place: the rule that finds it
BAD = {
    "int f(int a) {\n    return a++, a;\n}\n": "comma operator",
    "int f(int a) {\n    a = 1, a++;\n    return a;\n}\n": "comma operator",
    "int f(int a) {\n    while (a) a--, a--;\n    return a;\n}\n": "comma operator",
    "int f(int a) {\n    for (; a;) a--, a--;\n    return a;\n}\n": "comma operator",
    "int f(int a) {\n    return a ? 1 : a > 1 ? 2 : 3;\n}\n": "nested conditional operator",
    "int f(int a) {\n    return f(a ? 1 : 2) ? 1 : 2;\n}\n": "nested conditional operator",
    "int f(int a) {\n    return (a ?: 1) ? 1 : 2;\n}\n": "nested conditional operator",
    "int f(int a) {\n    if ((a = 1)) {\n        return 1;\n    }\n    return a;\n}\n": "assignment inside an expression",
    "int f(int a) {\n    while (a = f(a)) {\n        f(1);\n    }\n    return a;\n}\n": "assignment inside an expression",
    "int f(int a) {\n    return f(a = 1);\n}\n": "assignment inside an expression",
    "int f(int a) {\n    return a += 1;\n}\n": "assignment inside an expression",
    "int f(int a) {\n    int b = a = 1;\n\n    return b;\n}\n": "assignment inside an expression",
    "int f(int a) {\n    int b[2];\n\n    b[a = 1] = 0;\n    return b[1];\n}\n": "assignment inside an expression",
    "#include <errno.h>\nint f(int a) {\n    return f(errno = a);\n}\n": "assignment inside an expression",
    "int f(int a) {\n    int b = 1, c = 2;\n\n    return a + b + c;\n}\n": "several declarators in a declaration",
    "int a, b;\n": "several declarators in a declaration",
    "struct s {\n    int a, *b;\n};\n": "several declarators in a declaration",
    "struct s {\n    struct {\n        int a, b;\n    } inner;\n};\n": "several declarators in a declaration",
    "#include <stdbool.h>\nint f(int a) {\n    bool b = a, c = a;\n\n    return b + c;\n}\n": "several declarators in a declaration",
    "int f(int a) {\n    a++; a++;\n    return a;\n}\n": "several statements on a line",
    "int f(int a) { return a; }\n": "several statements on a line",
    "int f(int a) {\n    if (a) { a++; }\n    return a;\n}\n": "several statements on a line",
    "struct s {\n    int a; int b;\n};\n": "several statements on a line",
    "int f(int a) {\n    if (a)\n        return 1;\n    return a;\n}\n": "body without braces",
    "int f(int a) {\n    if (a) {\n        return 1;\n    } else\n        a++;\n    return a;\n}\n": "body without braces",
    "int f(int a) {\n    for (; a;)\n        a--;\n    return a;\n}\n": "body without braces",
    "int f(int a) {\n    while (a)\n        a--;\n    return a;\n}\n": "body without braces",
    "int f(int a) {\n    do\n        a--;\n    while (a);\n    return a;\n}\n": "body without braces",
    "#define TWICE(a) ((a) * 2)\n": "macro like a function without a reason above",
    "/* For another. */\n\n#define TWICE(a) ((a) * 2)\n": "macro like a function without a reason above",
    f"int f(int a) {{\n{LONG * 60}    return a;\n}}\n": "f has 63 lines of at most 60",
    f"int f(int a) {{\n    a = 0{' + 1' * 125};\n    return a;\n}}\n": "f has 259 tokens of at most 250",
    "/* " + "x" * 100 + " */\n": "line of 106 columns",
}


def found_in(folder, text):
    """The rules that find something in the file, each once."""
    path = folder / "snippet.c"
    path.write_text(text)
    return {rule for _path, _line, rule in style.check([path])}


def test_what_is_written_as_it_should_be_is_not_found(tmp_path):
    assert not found_in(tmp_path, GOOD)


@pytest.mark.parametrize("text", BAD, ids=lambda text: f"{BAD[text]}: {text[:40].encode('unicode_escape').decode()}")
def test_each_rule_bites(tmp_path, text):
    assert BAD[text] in found_in(tmp_path, text)


def test_the_line_is_named_and_comments_and_strings_are_none(tmp_path):
    path = tmp_path / "snippet.c"
    path.write_text('/* a, b; if (x) y; */\nconst char *f(int a);\n\nconst char *f(int a) {\n    // if (a) return 1;\n'
                    '    if (a)\n        return "{ ; a = b, c ? d : e ? f : g";\n    return "\\"";\n}\n')
    assert style.check([path]) == [(path, 7, "body without braces")]


def test_a_header_is_read_where_it_is_included(tmp_path):
    header = tmp_path / "snippet.h"
    header.write_text("static inline int g(int a) {\n    return a ? 1 : a > 1 ? 2 : 3;\n}\n")
    (tmp_path / "snippet.c").write_text(f'#include "{header.name}"\nint f(int a);\nint f(int a) {{\n    return g(a);\n}}\n')
    assert style.check([tmp_path]) == [(header, 2, "nested conditional operator")]


def test_what_the_macro_of_a_system_header_expands_to_is_not_ours(tmp_path):
    (tmp_path / "theirs.h").write_text("#define SIGN(a) ((a) < 0 ? -1 : (a) ? 1 : 0)\n")
    text = f'#include "{tmp_path}/theirs.h"\nint f(int a);\nint f(int a) {{\n    return SIGN(a);\n}}\n'
    assert "nested conditional operator" not in found_in(tmp_path, text)


def test_the_tree_is_written_so():
    found = style.check([style.TOP / folder for folder in TREE])
    assert not [f"{path}:{line}: {rule}" for path, line, rule in found]
