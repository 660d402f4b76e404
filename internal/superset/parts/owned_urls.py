CELERY_CONFIG["broker_url"], CELERY_CONFIG["result_backend"] = operator_celery_urls()
if "BROKER_URL" in CELERY_CONFIG:
    CELERY_CONFIG["BROKER_URL"] = CELERY_CONFIG["broker_url"]
    CELERY_CONFIG["CELERY_RESULT_BACKEND"] = CELERY_CONFIG["result_backend"]
