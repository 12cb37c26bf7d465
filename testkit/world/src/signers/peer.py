# sign: prints the signature of a message. check: prints `taken` and the body as the package reads it, or `refused` and
# why.
import json
import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError

what, secret, first, second, body = sys.argv[1:]
if what == "sign":
    print(Webhook(secret).sign(first, datetime.fromtimestamp(int(second), timezone.utc), body))
else:
    try:
        print("taken", json.dumps(Webhook(secret).verify(body, json.loads(first)), ensure_ascii=False))
    except WebhookVerificationError as error:
        print("refused", error)
