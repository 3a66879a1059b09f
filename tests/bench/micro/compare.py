"""compare.py - counts of two trees as a table and as TAP"""

import fnmatch
import math

TOLERANCE_PERCENT = 5.0


def change(now, before):
    """Percent more than before."""
    return 100.0 * (now - before) / before if before else (100.0 if now else 0.0)


def accepted_for(name, percent, accepted):
    """The reason why this much more is accepted, or None."""
    for pattern, limit, reason in accepted:
        if fnmatch.fnmatchcase(name, pattern) and percent <= limit:
            return reason
    return None


def verdict(name, here, before, accepted):
    """(good, sentence) for one benchmark."""
    if name not in before:
        return True, f"{name} is new: {here[name].own:.1f} instructions"
    if name not in here:
        return True, f"{name} is gone: {before[name].own:.1f} instructions before"
    percent = change(here[name].own, before[name].own)
    sentence = f"{name}: {here[name].own:.1f} instructions, {before[name].own:.1f} before, "
    sentence += f"{percent:+.1f} %"
    if percent <= TOLERANCE_PERCENT:
        return True, sentence
    reason = accepted_for(name, percent, accepted)
    if reason:
        return True, f"{sentence}, accepted: {reason}"
    return False, f"{sentence}, more than {TOLERANCE_PERCENT:.0f} %"


def row(name, here, before):
    """One line of the table."""
    cells = [f"{tree[name].own:12.1f}" if name in tree else f"{'-':>12}" for tree in (here, before)]
    both = name in here and name in before
    percent = f"{change(here[name].own, before[name].own):+8.1f} %" if both else f"{'':10}"
    libraries = here[name].libraries if name in here else before[name].libraries
    return f"# {name:36}{cells[0]}{cells[1]}{percent}{libraries:14.1f}"


def show(here, before=None):
    """The table, as TAP's comments."""
    before = before or {}
    print(f"# {'instructions each':36}{'here':>12}{'before':>12}{'':10}{'in libraries':>14}")
    for name in list(here) + [name for name in before if name not in here]:
        print(row(name, here, before))


def tell(here, before, accepted, rev):
    """Table and TAP. Return: whether none failed"""
    names = list(here) + [name for name in before if name not in here]
    verdicts = [verdict(name, here, before, accepted) for name in names]
    print(f"# compared with {rev}")
    show(here, before)
    for number, (good, sentence) in enumerate(verdicts, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {sentence}")
    print(f"1..{len(verdicts)}")
    failed = [name for name, (good, _) in zip(names, verdicts) if not good]
    for name in failed:
        percent = math.ceil(change(here[name].own, before[name].own))
        trailer = f"Bench-accept: {name} +{percent}% the reason"
        print(f"# If it has to be slower, the commit says so: {trailer}")
    return not failed
