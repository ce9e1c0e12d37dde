"""Identities of a document's entries + what the store knows -> one Verdict for each: new, revision, unchanged or rejected.

Pure. docs/decisions/0005-identity.md says why the rules are these. The laws: feeding a document twice changes nothing;
served = new + revised + unchanged + rejected; only the outlet that brought an article revises it.

    keys.py      by what an entry is recognised         history.py   moved by a relaunch, or dug up again
    changes.py   what is a revision                     judge.py     all of it, entry by entry
"""

from aggregator.identify.history import Past
from aggregator.identify.judge import judge
from aggregator.identify.keys import alias_key, document_keys, fold, keys_of

__all__ = ["Past", "alias_key", "document_keys", "fold", "judge", "keys_of"]
