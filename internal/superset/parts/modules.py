# The modules of config.files are next to this file.
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
