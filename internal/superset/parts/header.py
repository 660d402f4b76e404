# superset_config.py, written by superset-operator: change spec.config.raw of the
# Superset object instead of this file. Secrets come from the environment.
import os
