-- What the checks of steps cannot follow is no fault: where a number comes from may stand in mathematics beyond arithmetic.

ALTER TYPE caco.reason ADD VALUE 'not_understood' AFTER 'wrong_unit';  -- numbers or the answer cannot be followed
