# superset_config.py, written by superset-operator: change spec.config.raw of the
# Superset object instead of this file. Secrets come from the environment.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

# --- config.settings and featureFlags of the Superset object ---
ROW_LIMIT = 5000
TALISMAN_CONFIG = {"force_https": False, "sources": ["'self'", "a\"b"]}
FEATURE_FLAGS = {
    "ALERT_REPORTS": True,
    "DRILL_BY": False,
}
# --- end of config.settings ---

# --- config.raw of the Superset object ---
FEATURE_FLAGS["DRILL_BY"] = True
# --- end of config.raw ---

# The operator's own keys once more: whatever stands above, these hold.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]
