"""A peer that is not ours: saves a member's seat and asks for it, with pika.

    python members_peer.py AMQP_URL MEMBER SEAT

Prints the two answers, one JSON document a line. Uses RabbitMQ's direct reply-to, as pika's own
examples of request and reply do not, and tells its messages by their type.
"""

import json
import sys
import uuid

import pika

url, member, seat = sys.argv[1:]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
answers = {}


def on_answer(_channel, _method, properties, body):
    answers[properties.correlation_id] = (properties.type, json.loads(body))


channel.basic_consume("amq.rabbitmq.reply-to", on_answer, auto_ack=True)


def ask(message_type, routing_key, body):
    question = str(uuid.uuid4())
    properties = pika.BasicProperties(
        reply_to="amq.rabbitmq.reply-to", correlation_id=question, type=message_type
    )
    channel.basic_publish("members_exchange", routing_key, json.dumps(body), properties)
    for _ in range(100):
        connection.process_data_events(time_limit=0.2)
        if question in answers:
            label, answer = answers[question]
            assert answer["label"] == label, (label, answer)
            print(json.dumps(answer))
            return
    sys.exit(f"no answer to {message_type}")


ask("Save Member", "member.save", {"member_id": member, "seat_number": seat})
ask("Get Seat Number", "seat.get", {"member_id": member})
connection.close()
