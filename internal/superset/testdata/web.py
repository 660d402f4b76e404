# superset_config.py, written by superset-operator: change spec.config.raw of the
# Superset object instead of this file. Secrets come from the environment.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

# Where workers open dashboards for reports.
WEBDRIVER_BASEURL = "http://bi:80/"

# spec.web.url: users come through a proxy.
ENABLE_PROXY_FIX = True
PREFERRED_URL_SCHEME = "https"
WEBDRIVER_BASEURL_USER_FRIENDLY = "https://bi.example.com/"

# The operator's own keys once more: whatever stands above, these hold.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]
