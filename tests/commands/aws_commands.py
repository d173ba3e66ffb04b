"""Runs commands of the AWS CLI in one process.

Reads one command a line from stdin, and prints each that fails with its message.
"""

import contextlib
import io
import shlex
import sys

from awscli.clidriver import create_clidriver

driver = create_clidriver()
for line in sys.stdin:
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            code = driver.main(shlex.split(line)[1:])
        except SystemExit as end:
            code = end.code
    if code:
        print(f"{line.strip()}: {' '.join(errors.getvalue().split())[-300:]}")
