"""No mutant of a reference solution keeps all points of its question, see ``mutants``.

Mutants of a question that builds or trains networks, or searches, take seconds each: of those, a fixed tenth runs here, and all
of them where ``COURSE_MUTANTS=all`` says so, as every night.
"""

import os

from mutants import engine

# Of the mutants that run at night only, most of these weeks have not been looked at yet: so many may keep their points.
AT_NIGHT = {"week03_lenet": 20, "week04_visualization": 20, "week06_augmentation": 20, "week07_transfer": 30}


def test_no_mutant_keeps_its_points(source):
    everything = os.environ.get("COURSE_MUTANTS") == "all"
    reasons = engine.equivalent(source)
    verdicts = engine.judge(source, everything=everything)
    kept = {(verdict.question, verdict.name) for verdict in verdicts if verdict.seen == engine.KEPT}
    harmless = {(question, name) for question, names in reasons.items() for name in names}
    seen = {(verdict.question, verdict.name) for verdict in verdicts} - kept
    assert not harmless & seen, f"EQUIVALENT, but a test sees them: {sorted(harmless & seen)}"
    if everything:
        assert harmless <= kept, f"EQUIVALENT names mutants that are not made: {sorted(harmless - kept)}"
    new = sorted(f"{question}: {name}" for question, name in kept - harmless)
    most = AT_NIGHT.get(source.parent.name, 0) if everything else 0
    assert len(new) <= most, "these wrong answers get all points:\n" + "\n".join(new)
