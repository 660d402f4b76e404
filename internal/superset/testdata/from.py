# superset_config.py, written by superset-operator: change spec.config.raw of the
# Superset object instead of this file. Secrets come from the environment.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]


def env(name, default=None):
    # As in the configuration of the Helm chart, so that Python that was written for it runs.
    return os.environ.get(name, default)


# The modules of config.files are next to this file.
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))


def operator_run(name, folder=os.path.dirname(os.path.abspath(__file__))):
    # As if the text of the file stood here.
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), globals())


# --- config.from of the Superset object ---
operator_run("_from-0.py")
operator_run("_from-1.py")

# The operator's own keys once more: whatever stands above, these hold.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]
