def operator_celery_urls():
    # Broker and results of Celery, which may be elsewhere than the caches.
    return (
        os.environ.get("SUPERSET_OPERATOR_BROKER_URL") or operator_redis_url(),
        os.environ.get("SUPERSET_OPERATOR_RESULT_BACKEND_URL") or operator_redis_url(),
    )


CeleryConfig.broker_url, CeleryConfig.result_backend = operator_celery_urls()
