# SPDX-License-Identifier: LGPL-2.1-or-later
import atexit
import os
import tempfile

# Where hypothesis keeps what it works out, which is else the folder it is run in.
STORAGE = tempfile.TemporaryDirectory(prefix="tapgrant-hypothesis-")
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = STORAGE.name
atexit.register(STORAGE.cleanup)
