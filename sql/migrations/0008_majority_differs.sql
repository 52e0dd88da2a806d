-- A problem may be solved several times: a majority for another answer than the program's says that it may be ill-posed.

ALTER TYPE caco.reason ADD VALUE 'majority_differs' AFTER 'wrong_unit';  -- more than half of the answers are one other
