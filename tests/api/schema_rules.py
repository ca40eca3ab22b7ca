"""What `test_schema` has Schemathesis check beside its own checks. Runs in its process."""

from typing import Any

import schemathesis

RULES = {"Nothing to summarize", "Unusable glossary", "Unsuitable model", "Unreadable document"}
"""What a request that keeps to the document may still break: no JSON Schema says these."""


@schemathesis.check
def refusals_have_a_reason(context: Any, response: Any, case: schemathesis.Case) -> None:
    """A 422 to what keeps to the document is by a rule; a 503 is for a model that is not here."""
    if response.status_code == 422 and case.meta and case.meta.generation.mode.is_positive:
        assert response.json()["title"] in RULES
    if response.status_code == 503 and case.path != "/health/ready":
        problem = response.json()
        assert problem["title"] == "Model unavailable"
        assert "tiny-" not in problem["detail"]
