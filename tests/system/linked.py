# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that link the installed libtapgrant."""
import subprocess
from pathlib import Path

from host import PREFIX

PROGRAMS = Path(__file__).with_name("programs")


def flags():
    file = next(PREFIX.rglob("tapgrant.pc"))
    done = subprocess.run(["pkg-config", "--cflags", "--libs", "tapgrant"], capture_output=True, text=True, check=True,
                          env={"PATH": "/usr/bin", "PKG_CONFIG_PATH": str(file.parent)})
    return done.stdout.split()


def build(folder, source):
    """The program made of SOURCE, in FOLDER."""
    program = Path(folder) / Path(source).stem
    library = next(PREFIX.rglob("libtapgrant.so")).parent
    subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", program, source, *flags(), "-pthread",
                    f"-Wl,-rpath,{library}"], check=True)
    return program


def exported():
    """The names of the library's public functions."""
    library = next(PREFIX.rglob("libtapgrant.so"))
    names = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    return sorted({line.split()[-1].split("@")[0] for line in names.splitlines()} - {"TAPGRANT_0.1"})
