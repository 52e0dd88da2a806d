-- An input that has nothing to change (None, an empty list) is neither alive nor dead: nobody knows.

ALTER TYPE caco.reason ADD VALUE 'untested_input' AFTER 'trivial';  -- an input has nothing to change
