"""The folder of everything that is made once and kept, its limit, and what may be removed.

$LOSSBENCH_CACHE/
  decoded/<hash>/    data that were decoded or unpacked: manifest.json and the files it names
  features/<hash>/   what a frozen network makes of images: manifest.json and chunks
  data/  scanned/    files that were downloaded, and what is known of files; never removed here
"""

from lossbench.caching.folders import MANIFEST, fingerprint, limit_bytes, root, sync
from lossbench.caching.sets import KINDS, Kept, kept, make_room, remove, size_of, use

__all__ = [
    "KINDS",
    "MANIFEST",
    "Kept",
    "fingerprint",
    "kept",
    "limit_bytes",
    "make_room",
    "remove",
    "root",
    "size_of",
    "sync",
    "use",
]
