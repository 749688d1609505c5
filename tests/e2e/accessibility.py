"""Asking axe-core, the rules by which accessibility is judged, about a page as it stands."""

from pathlib import Path

SCRIPT = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SERIOUS = ("serious", "critical")


def faults(page, where: str) -> list[str]:
    """The serious faults of a page, a line each: where it is, which rule it breaks, and what breaks it.

    What is gone a moment later was a page in motion.
    """
    page.add_script_tag(path=SCRIPT)
    for _ in range(3):
        found = _asked(page, where)
        if not found:
            break
        page.wait_for_timeout(1500)
    return found


def _asked(page, where: str) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    answer = page.evaluate("(options) => axe.run(options)", options)
    assert len(answer["passes"]) > 10, "axe-core has not looked at the page"
    return [
        f"{where}: {rule['id']} ({rule['help']}): {node['html']}"
        for rule in answer["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
