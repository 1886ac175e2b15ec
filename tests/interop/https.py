"""Speaks KMIP over HTTPS to a running server with the HTTP clients that Python programs use: http.client, urllib and
requests. The message is a Query in JSON; every answer must be a whole KMIP message.

Prints a line a client; the first difference ends it with a traceback and exit code 1.
"""

import argparse
import http.client
import json
import ssl
import urllib.error
import urllib.request

import requests

QUERY = {
    "tag": "RequestMessage",
    "value": [
        {
            "tag": "RequestHeader",
            "value": [
                {
                    "tag": "ProtocolVersion",
                    "value": [
                        {"tag": "ProtocolVersionMajor", "type": "Integer", "value": 2},
                        {"tag": "ProtocolVersionMinor", "type": "Integer", "value": 1},
                    ],
                },
                {"tag": "BatchCount", "type": "Integer", "value": 1},
            ],
        },
        {
            "tag": "BatchItem",
            "value": [
                {"tag": "Operation", "type": "Enumeration", "value": "Query"},
                {
                    "tag": "RequestPayload",
                    "value": [{"tag": "QueryFunction", "type": "Enumeration", "value": "QueryOperations"}],
                },
            ],
        },
    ],
}
BODY = json.dumps(QUERY, indent=1).encode()
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-cache"}


def check(body):
    text = json.loads(body)
    assert text["tag"] == "ResponseMessage", text
    item = next(part for part in text["value"] if part["tag"] == "BatchItem")
    status = next(part["value"] for part in item["value"] if part["tag"] == "ResultStatus")
    assert status == "Success", text


def with_http_client(host, port, context):
    """One connection, kept: a length, chunks of an iterator, HEAD, and what is wrong at last."""
    connection = http.client.HTTPSConnection(host, port, context=context)
    for body in (BODY, iter([BODY[:9], BODY[9:]]), BODY):
        connection.request("POST", "/kmip", body, HEADERS, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        assert answer.status == 200 and answer.version == 11, answer.status
        assert answer.headers["Content-Type"] == "application/json", answer.headers
        assert "no-cache" in answer.headers["Cache-Control"], answer.headers
        content = answer.read()
        assert int(answer.headers["Content-Length"]) == len(content)
        check(content)
    socket = connection.sock
    connection.request("POST", "/kmip", BODY, {"Content-Type": "text/plain"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (415, "close"), answer.headers
    answer.read()
    assert connection.sock is None and socket is not None, "http.client closes what the server closes"


def with_urllib(url, context):
    request = urllib.request.Request(url, BODY, HEADERS)
    with urllib.request.urlopen(request, context=context) as answer:
        check(answer.read())
    try:
        urllib.request.urlopen(url, context=context)
    except urllib.error.HTTPError as error:
        assert error.code == 405 and error.headers["Allow"] == "POST", error.headers
    else:
        raise AssertionError("GET was answered")


def with_requests(url, cert, key, ca):
    with requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would go before what is set here
        session.cert, session.verify = (cert, key), ca
        for _ in range(3):
            answer = session.post(url, json=QUERY)
            assert answer.status_code == 200, answer.text
            check(answer.content)
        answer = session.post(url, data=(part for part in [BODY[:5], b"", BODY[5:]] if part), headers=HEADERS)
        check(answer.content)
        assert session.post(url, data=b"<", headers={"Content-Type": "text/xml"}).status_code == 400
        assert session.head(url).status_code == 405


parser = argparse.ArgumentParser()
for option in ("--host", "--port", "--cert", "--key", "--ca"):
    parser.add_argument(option, required=True)
options = parser.parse_args()
context = ssl.create_default_context(cafile=options.ca)
context.load_cert_chain(options.cert, options.key)
url = f"https://{options.host}:{options.port}/kmip"
with_http_client(options.host, int(options.port), context)
print("http.client")
with_urllib(url, context)
print("urllib")
with_requests(url, options.cert, options.key, options.ca)
print("requests")
