"""Ask word vectors from a checkout, as `w2v query` does: `python query.py chip -k 3`."""

import sys

from w2v.commands import query

if __name__ == "__main__":
    sys.exit(query.main("query.py"))
