"""Makes and opens TR-31 key blocks with psec, for the engine's tests.

  tr31.py wrap KEY VERSION USAGE ALGORITHM MODE EXPORTABILITY CONTENT [BLOCK=TEXT]...
  tr31.py unwrap KEY BLOCK        prints the header's five fields and the content

Keys and contents are hexadecimal.
"""

import sys
import warnings

warnings.simplefilter("ignore")  # cryptography warns of Triple DES, which version B is about.

from psec import tr31  # noqa: E402


def wrap(by, version, usage, algorithm, mode, exportability, content, *optional):
    header = tr31.Header(version, usage, algorithm, mode, "00", exportability)
    for block in optional:
        name, text = block.split("=")
        header.blocks[name] = text
    return tr31.wrap(bytes.fromhex(by), header, bytes.fromhex(content))


def unwrap(by, block):
    header, content = tr31.unwrap(bytes.fromhex(by), block)
    fields = (header.version_id, header.key_usage, header.algorithm, header.mode_of_use, header.exportability)
    return " ".join((*fields, content.hex()))


print({"wrap": wrap, "unwrap": unwrap}[sys.argv[1]](*sys.argv[2:]))
