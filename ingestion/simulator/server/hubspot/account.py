"""The account itself and the way in: OAuth, account details, API usage."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.hubspot.answers import (
    APP_ID,
    DAILY_LIMIT,
    HUB_ID,
    SCOPES,
    TOKEN_SECONDS,
    Gate,
    answer,
    not_found,
    refusal,
)
from ingestion.simulator.server.hubspot.portal import Portal


def routes(portal: Portal, gate: Gate) -> list[Route]:
    """`/oauth/v1/…`, `/account-info/v3/…`."""

    async def token(request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        state = portal.state
        if form.get("client_id") != state.client_id or form.get("client_secret") != state.client_secret:
            refused = refusal(400, "VALIDATION_ERROR", "missing or unknown client id or client secret")
            return answer(refused.body | {"status": "BAD_CLIENT_ID"}, 400)
        if form.get("grant_type") not in ("refresh_token", "authorization_code"):
            refused = refusal(400, "VALIDATION_ERROR", "missing or unknown grant type")
            return answer(refused.body | {"status": "BAD_GRANT_TYPE"}, 400)
        if (form.get("refresh_token") or form.get("code")) != state.client_secret:
            refused = refusal(400, "VALIDATION_ERROR", "missing or unknown refresh token")
            return answer(refused.body | {"status": "BAD_REFRESH_TOKEN"}, 400)
        return answer(
            {
                "token_type": "bearer",
                "refresh_token": state.client_secret,
                "access_token": gate.issue(),
                "expires_in": TOKEN_SECONDS,
            }
        )

    async def token_details(request: Request) -> Response:
        given = request.path_params["token"]
        if given not in gate.issued:
            raise not_found("access token not found")
        return answer(
            {
                "token": given,
                "user": "admin@kolibri.example",
                "hub_domain": "kolibri.example",
                "scopes": list(SCOPES),
                "hub_id": HUB_ID,
                "app_id": APP_ID,
                "expires_in": TOKEN_SECONDS,
                "user_id": 5_400_001,
                "token_type": "access",
            }
        )

    async def details(_: Request) -> Response:
        return answer(
            {
                "portalId": HUB_ID,
                "accountType": "STANDARD",
                "timeZone": "Europe/Berlin",
                "companyCurrency": "EUR",
                "additionalCurrencies": ["PLN", "USD"],
                "utcOffset": "+01:00",
                "utcOffsetMilliseconds": 3_600_000,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "eu1",
            }
        )

    async def usage(_: Request) -> Response:
        row = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": DAILY_LIMIT,
            "currentUsage": gate.asked_count,
            "collectedAt": f"{portal.state.now.isoformat()}Z",
            "fetchStatus": "SUCCESS",
            "resetsAt": f"{portal.state.now.date().isoformat()}T23:59:59Z",
        }
        return answer({"results": [row]})

    return [
        Route("/oauth/v1/token", token, methods=["POST"]),
        Route("/oauth/v1/access-tokens/{token}", gate.guarded_openly(token_details)),
        Route("/account-info/v3/details", gate.guarded(details, "oauth")),
        Route("/account-info/v3/api-usage/daily", gate.guarded(usage, "oauth")),
        Route("/account-info/v3/api-usage/daily/private-apps", gate.guarded(usage, "oauth")),
    ]
