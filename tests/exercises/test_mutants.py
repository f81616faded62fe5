"""No mutant of a reference solution keeps all points of its question, see ``mutants``.

Mutants of a question that builds or trains networks, or searches, take seconds each: of those, a fixed tenth runs here, and all
of them where ``COURSE_MUTANTS=all`` says so, as every night.
"""

import os

from mutants import engine

# What is still to be mended: how many mutants keep their points. A week that is not named has none.
KEPT = {
    "week04_visualization": 90,
    "week07_transfer": 40,
}


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
    assert len(new) <= KEPT.get(source.parent.name, 0), "these wrong answers get all points:\n" + "\n".join(new)
