"""The scan station without its screen: what a scan is, what may be done with it, a step begun there until done.

What a page or another program calls, and what it gets (`screen` has the shapes):

* `standing.standing(record, account, station) -> Standing`: who is where. Everything else takes it.
* `scanning.scan(record, at, code, scan_id=..., by=...) -> Outcome`: THE function; one scan or typed text.
* `drafts.begin`, `put`, `take_back`, `back`, `acknowledge`, `cancel`, `resume`; `finishing.hand_in`; `signing.sign`,
  `signing.pending_signatures`. All give an Outcome, and no Outcome is an exception: they raise NotUnderstood only for a
  station or an account that is nobody's, and StorageUnavailable when nothing could be kept.
* `lookup.look_up`, `offers.offers`: the questions alone, without a draft.

Knows no HTTP and no pixels. Decides nothing: every reason comes from the engine.
"""
