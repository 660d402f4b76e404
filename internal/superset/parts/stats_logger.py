def operator_stats_logger(sender):
    # Superset's own StatsD logger needs a package that its images do not have.
    from superset.stats_logger import BaseStatsLogger

    class OperatorStatsLogger(BaseStatsLogger):
        def incr(self, key):
            sender.send(key, 1, "c")

        def decr(self, key):
            sender.send(key, -1, "c")

        def timing(self, key, value):  # milliseconds
            sender.send(key, value, "ms")

        def gauge(self, key, value):
            # Superset counts the results of reports by gauges that are always 1.
            if key.endswith((".ok", ".warning", ".error")):
                sender.send(key, 1, "c")
            else:
                sender.send(key, value, "g")

    return OperatorStatsLogger()


operator_statsd_sender = operator_statsd()
if operator_statsd_sender:
    STATS_LOGGER = operator_stats_logger(operator_statsd_sender)
