"""longwire as a person types it, in a folder of their own."""

import os
import re
import subprocess

BINARY = os.environ.get("LONGWIRE", "longwire")
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:")
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in ("LONGWIRE_DIR", "RUNTIME_DIRECTORY", "XDG_CONFIG_HOME")
}
KEY = re.compile(r"lw1[a-z0-9]{58}")
PHRASE = re.compile(r"(?:\d{5} ){5}\d{5}")
MAC = re.compile(r"02(:[0-9a-f]{2}){5}")


def run(*arguments, text=None, folder=None, **options):
    """longwire with these arguments; the CompletedProcess."""
    command = [BINARY, *(["-C", str(folder)] if folder else []), *arguments]
    given = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    options.setdefault("env", ENVIRONMENT)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, **given, **options
    )
    assert not SANITIZER.search(done.stderr), done.stderr
    return done


def good(*arguments, **options):
    """It must succeed, and name the folder; the CompletedProcess."""
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    if options.get("folder"):
        assert f"folder: {options['folder']}\n" in done.stderr
    return done


def refused(*arguments, code=1, **options):
    """It must fail with one line on standard error, and nothing that looks like success; the line."""
    done = run(*arguments, **options)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("longwire: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


def misused(*arguments, **options):
    """Wrong arguments: exit code 2; what was said."""
    done = run(*arguments, **options)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    return done.stderr


class Folder:
    """One person's folder."""

    def __init__(self, path, name):
        self.path = path
        good("init", "--name", name, folder=path)

    def good(self, *arguments, **options):
        """A command that succeeds here; what it printed."""
        return good(*arguments, folder=self.path, **options).stdout

    def refused(self, *arguments, **options):
        """A command that fails here; its line."""
        return refused(*arguments, folder=self.path, **options)

    def card(self, *arguments):
        """The card, as printed."""
        return self.good("card", *arguments)

    def key(self):
        """The public key."""
        return KEY.search(self.card())[0]

    def write(self, name, text, mode=0o600):
        """Write a file of the folder."""
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def peers(self):
        """The files in peers/."""
        return sorted(os.listdir(self.path / "peers"))
