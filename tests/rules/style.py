#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How C is written here: tests/rules/style.py FOLDER...

Prints what it finds as "file:line: rule", and exits with 1 if it finds anything.  Of the rules, those of OPERATORS need the
syntax tree: clang-query has it.  The others are read from the tokens, which have the lines that a tree has not.
"""
import re
import subprocess
import sys
import tempfile
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
FUNCTION_TOKENS = 250
FUNCTION_LINES = 60
COLUMNS = 100

COMMENT = re.compile(r'''"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(/\*.*?\*/|//[^\n]*)''', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
TOKEN = re.compile(r'''"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.])*|'''
                   r'''<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\#|\S''')
LIGHT = frozenset("{}();,")
CLOSING = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    text: str
    line: int


class Function(NamedTuple):
    name: str
    line: int
    lines: int
    tokens: int


def without_comments(text):
    """The text with blanks in the place of its comments, so that every line keeps its number."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0]) if match[1] else match[0]
    return COMMENT.sub(blank, text)


def without_directives(text):
    return DIRECTIVE.sub(lambda match: "\n" * match[0].count("\n"), text)


def tokens_of(text):
    starts = [0] + [match.end() for match in re.finditer("\n", text)]
    return [Token(match[0], bisect_right(starts, match.start())) for match in TOKEN.finditer(text)]


def light_tokens(text):
    """How many C tokens the text has, without comments and without { } ( ) ; , which squeezing and spreading leave alone."""
    return sum(token.text not in LIGHT for token in tokens_of(without_comments(text)))


class Reader:
    """Reads the declarations and statements of one file from its tokens.  Fills findings and functions."""

    def __init__(self, text):
        self.tokens = tokens_of(without_directives(without_comments(text)))
        self.findings = []
        self.functions = []
        self.statement_lines = set()
        self.read_file()

    def text_at(self, index):
        return self.tokens[index].text if index < len(self.tokens) else ""

    def find(self, index, rule):
        self.findings.append((self.tokens[min(index, len(self.tokens) - 1)].line, rule))

    def behind_group(self, index):
        """The index behind the group of parentheses, brackets or braces that begins at INDEX."""
        closing = []
        while index < len(self.tokens):
            text = self.tokens[index].text
            if text in CLOSING:
                closing.append(CLOSING[text])
            elif closing and text == closing[-1]:
                closing.pop()
            index += 1
            if not closing:
                break
        return index

    def begin_statement(self, index):
        line = self.tokens[index].line
        if line in self.statement_lines:
            self.find(index, "several statements on a line")
        self.statement_lines.add(line)

    def read_file(self):
        index = 0
        while index < len(self.tokens):
            index = self.read_outer_declaration(index)

    def read_outer_declaration(self, start):
        """A function, or a declaration up to its semicolon."""
        index = start
        is_initialiser = False
        while index < len(self.tokens):
            text = self.text_at(index)
            if text == ";":
                self.check_declarators(start, index)
                return index + 1
            if text == "=":
                is_initialiser = True
            if text == "{" and not is_initialiser and self.text_at(index - 1) == ")":
                return self.read_function(start, index)
            if text == "}" or text == "{" and self.text_at(index - 1).startswith('"'):
                return index + 1  # of extern "C"
            if text == "{" and self.is_of_fields(index):
                self.read_fields(index)
            index = self.behind_group(index) if text in CLOSING else index + 1
        return index

    def is_of_fields(self, index):
        return "struct" in (self.text_at(index - 1), self.text_at(index - 2)) or "union" in (
            self.text_at(index - 1), self.text_at(index - 2))

    def read_fields(self, opening):
        end = self.behind_group(opening) - 1
        start = opening + 1
        index = start
        while index < end:
            text = self.text_at(index)
            if text == ";":
                self.begin_statement(start)
                self.check_declarators(start, index)
                start = index + 1
            if text == "{" and self.is_of_fields(index):
                self.read_fields(index)
            index = self.behind_group(index) if text in CLOSING else index + 1

    def check_declarators(self, start, end):
        """A comma outside all parentheses and braces parts two declarators."""
        index = start
        while index < end:
            text = self.text_at(index)
            if text == ",":
                self.find(start, "several declarators in a declaration")
                return
            index = self.behind_group(index) if text in CLOSING else index + 1

    def name_of_function(self, start, opening):
        index = start
        while index < opening:
            if self.text_at(index) == "__attribute__":
                index = self.behind_group(index + 1)
            elif self.text_at(index + 1) == "(" and re.match(r"\w", self.text_at(index)):
                return self.text_at(index)
            else:
                index += 1
        return "?"

    def read_function(self, start, opening):
        self.begin_statement(opening)
        behind = self.read_block(opening)
        first, last = self.tokens[start].line, self.tokens[behind - 1].line
        count = sum(token.text not in LIGHT for token in self.tokens[start:behind])
        function = Function(self.name_of_function(start, opening), first, last - first + 1, count)
        self.functions.append(function)
        if count > FUNCTION_TOKENS:
            self.find(start, f"{function.name} has {count} tokens of at most {FUNCTION_TOKENS}")
        if function.lines > FUNCTION_LINES:
            self.find(start, f"{function.name} has {function.lines} lines of at most {FUNCTION_LINES}")
        return behind

    def read_block(self, opening):
        end = self.behind_group(opening) - 1
        index = opening + 1
        while index < end:
            index = self.read_statement(index)
        return end + 1

    def read_body(self, index):
        if self.text_at(index) == "{":
            return self.read_block(index)
        self.find(index, "body without braces")
        return self.read_statement(index)

    def read_statement(self, index, is_begun=False):
        text = self.text_at(index)
        if text == "{":
            return self.read_block(index)
        if text == "case":
            while self.text_at(index) != ":":
                index += 1
            return index + 1
        if self.text_at(index + 1) == ":" and re.match(r"[A-Za-z_]", text):
            return index + 2
        if not is_begun:
            self.begin_statement(index)
        if text == "if":
            return self.read_else(self.read_body(self.behind_group(index + 1)))
        if text in ("for", "while", "switch"):
            return self.read_body(self.behind_group(index + 1))
        if text == "do":
            behind = self.read_body(index + 1)
            return self.behind_group(behind + 1) + 1
        return self.read_simple_statement(index)

    def read_else(self, index):
        if self.text_at(index) != "else":
            return index
        if self.text_at(index + 1) == "if":
            return self.read_statement(index + 1, is_begun=True)
        return self.read_body(index + 1)

    def read_simple_statement(self, index):
        while index < len(self.tokens) and self.text_at(index) != ";":
            if self.text_at(index) == "{" and self.is_of_fields(index):
                self.read_fields(index)
            index = self.behind_group(index) if self.text_at(index) in CLOSING else index + 1
        return index + 1


def macro_findings(text):
    """A macro that looks like a function has a comment directly above it that says why it is none."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*#\s*define\s+\w+\(", line):
            above = lines[number - 2].strip() if number > 1 else ""
            if not above.endswith("*/") and not above.startswith("//"):
                yield number, "macro like a function without a reason above"


def text_findings(text):
    """What is found without the syntax tree: (line, rule) of each."""
    found = [(number, f"line of {len(line)} columns") for number, line in enumerate(text.splitlines(), 1) if len(line) > COLUMNS]
    found += macro_findings(text)
    found += Reader(text).findings
    return sorted(set(found))


# The rules of the syntax tree.  An assignment is a statement of its own where its parent is one; the header of a for has a
# comma as its child, or as the child of such a comma.
HERE = "isExpansionInFileMatching(\"^@FOLDERS@\")"
COMMA = 'binaryOperator(hasOperatorName(","))'
CONDITIONAL = "expr(anyOf(conditionalOperator(), binaryConditionalOperator()))"
ASSIGNMENT = "binaryOperator(isAssignmentOperator())"
STATEMENT = ("stmt(anyOf(compoundStmt(), forStmt(), ifStmt(), whileStmt(), doStmt(), switchStmt(), caseStmt(), defaultStmt(), "
             f"labelStmt(), {COMMA}))")
OPERATORS = [
    ("comma operator", f"expr({COMMA}, {HERE}, unless(hasParent(forStmt())), unless(hasParent({COMMA})))"),
    ("comma operator", f"forStmt({HERE}, hasBody(expr({COMMA}).bind(\"found\")))"),
    ("nested conditional operator", f"expr({CONDITIONAL}, {HERE}, hasDescendant({CONDITIONAL}))"),
    ("assignment inside an expression", f"expr({ASSIGNMENT}, {HERE}, unless(hasParent({STATEMENT})))"),
    *(("assignment inside an expression", f"{kind}({HERE}, hasCondition(expr({ASSIGNMENT}).bind(\"found\")))")
      for kind in ("ifStmt", "whileStmt", "doStmt", "forStmt", "switchStmt")),
    ("several declarators in a declaration", f"declStmt({HERE}, unless(declCountIs(1)))"),
]
# Macros of system headers that are no more than a name: what is written with one is ours.
NAMES = {"errno", "bool", "true", "false", "NULL", "stdin", "stdout", "stderr"}


def queries(folders):
    """The file of clang-query's commands, one match for each of OPERATORS, in its order."""
    # in brackets: a backslash is another thing in each of the languages that this goes through
    places = "(" + "|".join(re.sub(r"[.+*?(){}|$]", r"[\g<0>]", str(folder)) for folder in folders) + ")"
    lines = ["set output diag", "set bind-root false"]
    for _rule, matcher in OPERATORS:
        bound = matcher if '.bind("found")' in matcher else f'{matcher}.bind("found")'
        lines.append("match " + bound.replace("@FOLDERS@", places))
    return "\n".join(lines) + "\n"


def definitions():
    """The macros that the build defines on the command line: what they are makes no difference to the rules."""
    builds = "".join(path.read_text() for path in TOP.rglob("meson.build"))
    return sorted(set(re.findall(r"-D([A-Z]\w+)=", builds)) - {"_FORTIFY_SOURCE"})


def compiler_flags(stub):
    folder = Path(stub) / "helper/privilege"
    folder.mkdir(parents=True)
    for name in ("filter.inc", "service_filter.inc"):
        (folder / name).write_text("")
    libxml2 = subprocess.run(["pkg-config", "--cflags", "libxml-2.0"], capture_output=True, text=True, check=True).stdout.split()
    return ["-std=c11", "-D_GNU_SOURCE", f"-I{TOP}", f"-I{stub}", *libxml2, *(f'-D{name}="/"' for name in definitions())]


def is_of_a_system_macro(lines):
    """Is what was found in the expansion of a macro that is not ours?"""
    for line in lines:
        match = re.match(r"(/[^:]+):\d+:\d+: note: expanded from macro '(\w+)'", line)
        if match and not match[1].startswith(f"{TOP}/") and match[2] not in NAMES:
            return True
    return False


def tree_findings(sources, folders):
    """{(path, line, rule)} of SOURCES, and of the headers in FOLDERS that they include."""
    found = set()
    with tempfile.TemporaryDirectory(prefix="tapgrant-style-") as work:
        script = Path(work) / "queries"
        script.write_text(queries(folders))
        flags = compiler_flags(Path(work) / "stub")
        done = subprocess.run(["clang-query", "-f", script, *sources, "--", *flags], capture_output=True, text=True)
    if done.returncode or "error:" in done.stderr or "error:" in done.stdout:
        sys.exit(f"clang-query: {done.stdout}{done.stderr}")
    # each match is answered by its findings and then by their number: "3 matches."
    answers = re.split(r"^\d+ match(?:es)?\.\n", done.stdout, flags=re.M)[:-1]
    if len(answers) != len(OPERATORS):
        sys.exit(f"clang-query answered {len(answers)} of {len(OPERATORS)} questions: {done.stderr}")
    for (rule, _matcher), answer in zip(OPERATORS, answers):
        for match in re.split(r"^Match #\d+:\n", answer, flags=re.M)[1:]:
            lines = match.splitlines()
            place = next(re.match(r"(/[^:]+):(\d+):\d+: note: \"found\" binds here", line) for line in lines if "binds here" in line)
            if rule.startswith("several") or not is_of_a_system_macro(lines):
                found.add((Path(place[1]), int(place[2]), rule))
    return found


def check(paths):
    """Sorted [(path, line, rule)] of the C files PATHS, and of those below the folders among them."""
    paths = [Path(path).resolve() for path in paths]
    files = sorted({file for path in paths for file in (path.rglob("*.[ch]") if path.is_dir() else [path])})
    found = {(file, line, rule) for file in files for line, rule in text_findings(file.read_text())}
    sources = [file for file in files if file.suffix == ".c"]
    if sources:
        found |= tree_findings(sources, paths)
    return sorted(found)


def main():
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER...")
    found = check(sys.argv[1:])
    for path, line, rule in found:
        print(f"{path.relative_to(TOP) if path.is_relative_to(TOP) else path}:{line}: {rule}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
