import sys

# The URLs of connections that are given by parts. Jobs have made them already.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import _connections  # noqa: E402

_connections.connect(os.environ)
