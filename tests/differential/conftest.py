# SPDX-License-Identifier: LGPL-2.1-or-later
def pytest_addoption(parser):
    parser.addoption("--cases", type=int, default=20000, help="generated cases of the differential test")
