"""Runs commands of the AWS CLI in one process.

Reads one command a line from stdin, and prints each that fails with its message.
"""

import contextlib
import io
import os
import pathlib
import re
import shlex
import sys
import tempfile

from awscli.clidriver import create_clidriver

driver = create_clidriver()
# A command may read a file that the command before it has written.
os.chdir(tempfile.mkdtemp(dir=os.environ["HOME"]))
for line in sys.stdin:
    for name in re.findall(r"fileb?://(\S+)", line):
        pathlib.Path(name).write_text("{}", encoding="utf-8")
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            code = driver.main(shlex.split(line)[1:])
        except SystemExit as end:
            code = end.code
    if code:
        print(f"{line.strip()}: {' '.join(errors.getvalue().split())[-300:]}")
