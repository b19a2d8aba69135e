"""Asks as Envoy would: with messages and stubs made of Envoy's and gRPC's public definitions (xds-protos and
grpcio-health-checking on PyPI), so that whatever Claviger has different on the wire is seen.

Reads a JSON list of calls from standard input and writes a JSON list of answers to standard output. A call:
  {"call": "check", "port": 1, "request": {…as JSON of CheckRequest…}, "bulk": 0}
  {"call": "health" | "watch", "port": 1, "service": ""}
and with TLS {"tls": {"ca": PATH, "certificate": PATH, "key": PATH}}. An answer is {"response": …} or {"error": NAME}.
"""

import json
import sys

import grpc
from envoy.service.auth.v3 import external_auth_pb2, external_auth_pb2_grpc
from google.protobuf import json_format, unknown_fields
from grpc_health.v1 import health_pb2, health_pb2_grpc


def refuse_unknown(message):
    """Fails if the answer has a field that the public definition does not have."""
    if len(unknown_fields.UnknownFieldSet(message)) > 0:
        raise ValueError(f"{message.DESCRIPTOR.full_name} has fields that are not defined")
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for item in value if field.is_repeated else [value]:
            refuse_unknown(item)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def channel(call):
    target = f"127.0.0.1:{call['port']}"
    tls = call.get("tls")
    if tls is None:
        return grpc.insecure_channel(target)
    shown = "certificate" in tls
    credentials = grpc.ssl_channel_credentials(
        root_certificates=read(tls["ca"]),
        private_key=read(tls["key"]) if shown else None,
        certificate_chain=read(tls["certificate"]) if shown else None,
    )
    return grpc.secure_channel(target, credentials)


def answer(call):
    with channel(call) as connection:
        if call["call"] == "check":
            request = json_format.ParseDict(call["request"], external_auth_pb2.CheckRequest())
            for number in range(call.get("bulk", 0)):
                request.attributes.request.http.headers[f"x-bulk-{number}"] = "b" * 1000
            response = external_auth_pb2_grpc.AuthorizationStub(connection).Check(request, timeout=20)
        elif call["call"] == "watch":
            stream = health_pb2_grpc.HealthStub(connection).Watch(
                health_pb2.HealthCheckRequest(service=call["service"]), timeout=20
            )
            response = next(stream)
            stream.cancel()
        else:
            response = health_pb2_grpc.HealthStub(connection).Check(
                health_pb2.HealthCheckRequest(service=call["service"]), timeout=20
            )
        refuse_unknown(response)
        return {"response": json_format.MessageToDict(response, preserving_proto_field_name=True)}


def main():
    answers = []
    for call in json.load(sys.stdin):
        try:
            answers.append(answer(call))
        except grpc.RpcError as error:
            answers.append({"error": error.code().name})
    json.dump(answers, sys.stdout)


main()
