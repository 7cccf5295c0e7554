"""The site: takes orders, hands them to Celery, says what became of them."""
from flask import Flask, jsonify, request

from tasks import celery, pack

app = Flask(__name__)


@app.get("/health")
def health():
    return "ok\n"


@app.post("/orders")
def order():
    item = (request.get_json(silent=True) or {}).get("item")
    if not item:
        return jsonify(error="item is missing"), 422
    return jsonify(id=pack.delay(item).id), 202


@app.get("/orders/<task>")
def state(task):
    result = celery.AsyncResult(task)
    return jsonify(id=task, state=result.state, result=result.result if result.successful() else None)
