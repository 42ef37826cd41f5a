"""`python -m modellab.models.embedded FORMAT FOLDER`: write one format of whisper-lab into an empty folder.

The cache runs this in a process of its own, so that the libraries a writer imports and the memory it needs
never count as the memory of the model that is measured next.
"""

import sys
from pathlib import Path

from modellab.models.embedded import compact
from modellab.models.embedded.formats import write

if __name__ == "__main__":
    write(sys.argv[1], compact.expand(), Path(sys.argv[2]))
