"""Numbers as texts and inputs hold them: measures, calendars, conventions, and when two are the same."""
