# superset_config.py, written by superset-operator: change spec.config.raw of the
# Superset object instead of this file. Secrets come from the environment.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]
