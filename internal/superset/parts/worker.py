def operator_report_worker():
    # A worker reports that it takes tasks by the age of a file, which its liveness
    # probe reads. Older releases of Celery may go on without taking any after Redis
    # was restarted, without an error.
    import os
    import time

    from celery import signals

    file = "/tmp/superset-operator-worker"
    state = {"ends": False, "marked": 0.0}

    def remove():
        if os.path.exists(file):
            os.remove(file)

    def mark():
        if not state["ends"] and time.monotonic() - state["marked"] >= 5:
            state["marked"] = time.monotonic()
            with open(file, "a"):
                os.utime(file)

    def connected(consumer):
        # Without a file the probe passes: in other pools a task may block the worker
        # itself, and other transports are not known.
        try:
            if type(consumer.pool).__module__ != "celery.concurrency.prefork":
                return
            channel = consumer.task_consumer.channel
            read = channel.handlers["BRPOP"]
        except (AttributeError, KeyError, TypeError):
            return

        def marked_read(*args, **options):
            # Redis answers once a second, also if there is no task.
            mark()
            return read(*args, **options)

        def idle_on_purpose():
            # As many tasks as the worker may hold, or no queue: it asks for none.
            queues = consumer.app.amqp.queues.consume_from
            if not (channel.qos.can_consume() and queues):
                mark()

        channel.handlers["BRPOP"] = marked_read
        consumer.timer.call_repeatedly(10, idle_on_purpose)
        mark()

    def begins(instance=None, **_):
        from celery import bootsteps

        class Report(bootsteps.StartStopStep):
            requires = ("celery.worker.consumer.tasks:Tasks",)

            def start(self, consumer):  # after each connect
                connected(consumer)

        remove()  # that of an earlier container
        instance.app.steps["consumer"].add(Report)

    def ends(**_):
        state["ends"] = True
        remove()

    signals.celeryd_init.connect(begins, weak=False)
    signals.worker_shutting_down.connect(ends, weak=False)


operator_report_worker()
