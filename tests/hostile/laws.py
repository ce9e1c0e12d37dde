"""A law is a function that must hold for every example of its strategy; each is tried on a few examples, or on many.

LAWS = Laws()

@LAWS.add(st.text())
def any_text_is_read(text): ...

@pytest.mark.parametrize("law", LAWS)
def test_a_law_holds(law): LAWS.hold(law, examples=30)
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Law = Callable[..., None]


class Laws(Collection[str]):
    """Their names; pytest looks at them when the whole module has been read."""

    def __init__(self) -> None:
        self._laws: dict[str, tuple[Law, tuple[st.SearchStrategy[Any], ...]]] = {}

    def add(self, *examples: st.SearchStrategy[Any]) -> Callable[[Law], Law]:
        def added(law: Law) -> Law:
            assert law.__name__ not in self._laws, law.__name__
            self._laws[law.__name__] = law, examples
            return law

        return added

    def __iter__(self) -> Iterator[str]:
        return iter(self._laws)

    def __len__(self) -> int:
        return len(self._laws)

    def __contains__(self, name: object) -> bool:
        return name in self._laws

    def hold(self, name: str, *, examples: int) -> None:
        """Raises what the law raises for the simplest example against it. The examples are the same in every run."""
        law, strategies = self._laws[name]
        settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        )(given(*strategies)(law))()  # fmt: skip
