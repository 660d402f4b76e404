def env(name, default=None):
    # As in the configuration of the Helm chart, so that Python that was written for it runs.
    return os.environ.get(name, default)
