def operator_celery_settings(config):
    # All settings of a CELERY_CONFIG that may be a class, an instance, a module, the
    # name of one, a dict or None, with broker and results where the operator wants
    # them.
    import importlib

    if isinstance(config, str):
        module, _, attribute = config.partition(":")
        config = importlib.import_module(module)
        config = getattr(config, attribute) if attribute else config
    if config is None:
        config = CeleryConfig
    if isinstance(config, dict):
        settings = dict(config)
    else:
        settings = {
            name: getattr(config, name) for name in dir(config) if not name.startswith("_")
        }
    settings.pop("broker_read_url", None)
    settings.pop("broker_write_url", None)
    settings["broker_url"] = settings["result_backend"] = operator_redis_url()
    if any(name.isupper() for name in settings):
        # Celery takes its old names, all in capitals, only if the new ones are not
        # alone; where both are given they agree.
        settings["BROKER_URL"] = settings["CELERY_RESULT_BACKEND"] = operator_redis_url()
    if operator_key_prefix:
        # Results: older releases of Celery put an underscore after any prefix, newer
        # ones not after a colon.
        for name, old, prefix in (
            (
                "broker_transport_options",
                "BROKER_TRANSPORT_OPTIONS",
                operator_key_prefix,
            ),
            (
                "result_backend_transport_options",
                "CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS",
                operator_key_prefix.rstrip(":"),
            ),
        ):
            options = settings.get(name) or settings.get(old) or {}
            settings[name] = {**options, "global_keyprefix": prefix}
            if old in settings:
                settings[old] = settings[name]
    return settings


CELERY_CONFIG = operator_celery_settings(CELERY_CONFIG)
