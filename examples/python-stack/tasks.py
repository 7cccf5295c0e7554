"""What Celery does. A task is acknowledged when it is done, so that one whose worker dies runs again."""
import os
import time

from celery import Celery

url = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
celery = Celery("shop", broker=url, backend=url)
celery.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, result_expires=3600)
# A task that a worker takes from Redis in the moment in which it is stopped, or killed, is given to another
# one after so many seconds, and by default after an hour. Longer than any task takes.
celery.conf.update(broker_transport_options={"visibility_timeout": 30})


@celery.task
def pack(item):
    time.sleep(float(os.environ.get("PACKING_SECONDS", "0.05")))
    return f"packed {item}"
