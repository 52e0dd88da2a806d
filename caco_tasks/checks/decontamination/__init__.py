"""Protected problems found in others: the forms that are compared, and the indexes. `overlap` is what others call."""
