"""Who may do what: tokens, accounts with roles in projects, sessions of pages, and the log of what they did.

    roles.py       scopes, and which of them a role has
    tables.py      what the database keeps of all this
    tokens.py      tokens: made, found, revoked
    accounts.py    people, projects, and who is a member of which
    passwords.py   how a password is kept and checked
    sessions.py    who has signed in to the pages
    audit.py       what was done, by whom: written once, never changed
    credentials.py what a token or a session may, in which project
    guard.py       who asks, of any request
    api.py         `/api/v1/tokens`, `/users`, `/projects`, `/audit`, `/me`
    login.py       `/login`, `/logout`
    oidc.py        `/login/oidc`: people sign in elsewhere
    issuer.py      an OpenID provider as its client sees it

Start reading at `guard.py`. `python -m modellab.server.access` is what `modellab tokens` and `modellab users` start.
"""
