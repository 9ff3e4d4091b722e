# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small faults, one at a time, in C sources: each a piece of text that takes the place of another.

clang's syntax tree says what a condition, a statement or a constant is.  What a macro expands to is left alone; the
macro's name, where a constant is meant, is not.
"""
import hashlib
import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

SWAPS = {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="],
         "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"],
         "<<": [">>"], ">>": ["<<"], "&": ["|"], "^": ["&"],
         "+=": ["-="], "-=": ["+="], "|=": ["&=", "="], "&=": ["|="]}
DROPPED = ("&&", "||", "|", ",")  # of these one side may go
COMPARED = ("<", "<=", ">", ">=", "==", "!=")
STATEMENTS = ("CallExpr", "BinaryOperator", "CompoundAssignOperator", "UnaryOperator", "ReturnStmt")
WRAPPERS = ("ParenExpr", "ImplicitCastExpr", "CStyleCastExpr", "ConstantExpr")


@dataclass(frozen=True)
class Mutant:
    file: str      # below the top of the sources
    begin: int     # bytes
    end: int
    text: str      # what stands there instead
    kind: str
    source: bytes  # the whole file, unchanged

    @property
    def id(self):
        words = [self.file, hashlib.sha256(self.source).hexdigest(), self.begin, self.end, self.text]
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]

    @property
    def mutated(self):
        return self.source[:self.begin] + self.text.encode() + self.source[self.end:]

    @property
    def line(self):
        return self.source.count(b"\n", 0, self.begin) + 1

    def lines(self, source, end):
        first = source.rfind(b"\n", 0, self.begin) + 1
        last = source.find(b"\n", end)
        return " ".join(source[first:last].decode().split())

    @property
    def before(self):
        return self.lines(self.source, self.end)

    @property
    def after(self):
        return self.lines(self.mutated, self.begin + len(self.text.encode()))


class Locations:
    """clang names a file only where it is another one than in the location before, and as the compiler was told it."""

    def __init__(self, folder):
        self.folder = folder
        self.file = None

    def __call__(self, node):
        if "offset" in node and "tokLen" in node:
            if "file" in node:
                self.file = (self.folder / node["file"]).resolve()
            node["file"] = self.file
        return node


def syntax_tree(command, folder):
    words = shlex.split(command)
    kept = [word for word in words[1:] if word.startswith(("-I", "-D", "-std", "-isystem", "-U"))]
    words = ["clang", "-fsyntax-only", "-w", "-Xclang", "-ast-dump=json", *kept, words[-1]]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=True)
    return json.loads(done.stdout, object_hook=Locations(folder))


class Finder:
    """Walks a syntax tree and collects the mutants of one file."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.source = path.read_bytes()
        self.found = {}

    def add(self, begin, end, text, kind):
        if self.source[begin:end].decode() != text:
            mutant = Mutant(self.name, begin, end, text, kind, self.source)
            self.found.setdefault((begin, end, text), mutant)

    # Where a node stands ----------------------------------------------------------------------------------------

    def place(self, location):
        """(file, offset, length of the token): of a macro the place of its name."""
        location = location.get("expansionLoc", location)
        return location.get("file"), location.get("offset"), location.get("tokLen", 0)

    def macro_end(self, begin, end):
        """Behind the arguments, where the token is the name of a macro that takes some."""
        rest = self.source[end:]
        if not re.match(rb"\s*\(", rest) or not re.fullmatch(rb"\w+", self.source[begin:end]):
            return end
        depth = 0
        for match in re.finditer(rb"[()]", rest):
            depth += 1 if match.group() == b"(" else -1
            if not depth:
                return end + match.end()
        return end

    def extent(self, node):
        """(begin, end) of the node in the file, or None."""
        begin, end = node.get("range", {}).get("begin", {}), node.get("range", {}).get("end", {})
        file, first, _ = self.place(begin)
        other, last, length = self.place(end)
        if first is None or last is None or file != self.path or other != self.path:
            return None
        stop = last + length
        if "expansionLoc" in end:
            stop = self.macro_end(last, stop)
        return (first, stop) if first < stop else None

    def text(self, node):
        at = self.extent(node)
        return self.source[at[0]:at[1]].decode() if at else ""

    def is_of_macro(self, node):
        begin, end = node.get("range", {}).get("begin", {}), node.get("range", {}).get("end", {})
        return "expansionLoc" in begin or "expansionLoc" in end

    # What may be done to it ---------------------------------------------------------------------------------------

    def condition(self, node):
        at = self.extent(node)
        if at:
            self.add(*at, "0", "condition that never holds")
            self.add(*at, "1", "condition that always holds")

    def statement(self, node):
        at = self.extent(node)
        if at and node["kind"] != "ReturnStmt":
            self.add(*at, "", "dropped statement")

    def operator(self, node):
        left, right = node["inner"]
        outer, first, second = self.extent(node), self.extent(left), self.extent(right)
        if not (outer and first and second) or first[1] > second[0]:
            return
        opcode = node["opcode"]
        between = self.source[first[1]:second[0]].decode()
        at = between.find(opcode)
        if at < 0:
            return
        begin = first[1] + at
        for other in SWAPS.get(opcode, ()):
            self.add(begin, begin + len(opcode), other, f"{opcode} to {other}")
        if opcode in DROPPED:
            if left.get("opcode") != opcode:  # in a chain the first one; the others are right sides
                self.add(first[0], second[0], "", f"left side of {opcode} dropped")
            self.add(first[1], second[1], "", f"right side of {opcode} dropped")

    def unary(self, node):
        at, opcode = self.extent(node), node["opcode"]
        if not at or self.is_of_macro(node):
            return
        if opcode in ("++", "--"):
            begin = at[1] - 2 if node.get("isPostfix") else at[0]
            self.add(begin, begin + 2, "--" if opcode == "++" else "++", f"{opcode} turned round")
        elif opcode in ("!", "~", "-"):
            self.add(at[0], at[0] + 1, "", f"{opcode} dropped")

    def constant(self, node, parent):
        at = self.extent(node)
        if not at:
            return
        text = self.text(node)
        if re.fullmatch(r"[A-Za-z_]\w*", text):
            if text in ("true", "false"):
                self.add(*at, "false" if text == "true" else "true", "other constant")
            elif text != "NULL":
                self.add(*at, "0" if parent == "CallExpr" else f"({text} + 1)", "other constant")
        elif re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*", text):
            self.add(*at, f"({text} + 1)" if text != "0" else "1", "other constant")
            if parent in COMPARED and text != "0":
                self.add(*at, f"({text} - 1)", "other constant")

    def letters(self, node):
        """A text without blanks is a name, a path or a value; others are for people."""
        at, text = self.extent(node), self.text(node)
        if not at or self.is_of_macro(node) or not re.fullmatch(r'"[^"\\% ]+"', text):
            return
        last = text[-2]
        other = chr(ord(last) + 1) if last not in "9zZ~" else chr(ord(last) - 1)
        self.add(at[1] - 2, at[1] - 1, other if other not in '"\\' else "x", "other text")

    def returned(self, node):
        value = node.get("inner", [None])[0]
        at = self.extent(value) if value else None
        if at and not re.fullmatch(r"0|NULL|true|false", self.text(value)):
            self.add(*at, "0", "returns 0")

    # The tree -----------------------------------------------------------------------------------------------------

    def look(self, node, parent):
        kind = node.get("kind")
        inner = [child for child in node.get("inner", []) if child]
        if kind in ("IfStmt", "WhileStmt", "ConditionalOperator") and inner:
            self.condition(inner[0])
        elif kind == "ForStmt" and len(node["inner"]) == 5 and node["inner"][2]:
            self.condition(node["inner"][2])
        elif kind in ("BinaryOperator", "CompoundAssignOperator"):
            self.operator(node)
        elif kind == "UnaryOperator":
            self.unary(node)
        elif kind in ("IntegerLiteral", "CharacterLiteral"):
            self.constant(node, parent)
        elif kind == "DeclRefExpr" and node["referencedDecl"]["kind"] == "EnumConstantDecl":
            self.constant(node, parent)
        elif kind == "StringLiteral":
            self.letters(node)
        elif kind == "ReturnStmt":
            self.returned(node)
        for child in self.bodies(node, inner):
            if child.get("kind") in STATEMENTS:
                self.statement(child)

    def bodies(self, node, inner):
        kind = node.get("kind")
        if kind == "CompoundStmt":
            return inner
        if kind in ("IfStmt", "WhileStmt"):
            return inner[1:]
        if kind == "ForStmt":
            return inner[-1:]
        return []

    def walk(self, node, parent=None):
        self.look(node, parent)
        below = parent if node.get("kind") in WRAPPERS else node.get("opcode", node.get("kind"))
        for child in node.get("inner", []):
            if child:
                self.walk(child, below)

    def definitions(self):
        """Constants that #define gives a number."""
        pattern = rb"^#define[ \t]+\w+[ \t]+\(?(\d+)[uUlL]*"
        for match in re.finditer(pattern, self.source, re.M):
            number = int(match.group(1))
            self.add(match.start(1), match.end(1), str(number + 1), "other constant")
            if number:
                self.add(match.start(1), match.end(1), str(number - 1), "other constant")


def of_tree(tree, path, name):
    """The mutants of the file NAME at PATH, of whose translation unit TREE is the syntax tree."""
    finder = Finder(path.resolve(), name)
    for node in tree.get("inner", []):
        finder.walk(node)
    finder.definitions()
    return sorted(finder.found.values(), key=lambda mutant: (mutant.begin, mutant.end, mutant.text))


def of_file(top, build, name):
    """The mutants of NAME (below TOP), by the commands with which BUILD compiles it, or what includes it."""
    path = (top / name).resolve()
    commands = json.loads((build / "compile_commands.json").read_text())
    for command in commands:
        source = (build / command["file"]).resolve()
        is_it = source == path
        if path.suffix == ".h":
            is_it = source.suffix == ".c" and f'#include "{name}"' in source.read_text()
        if is_it:
            return of_tree(syntax_tree(command["command"], build), path, name)
    return of_tree({}, path, name)
