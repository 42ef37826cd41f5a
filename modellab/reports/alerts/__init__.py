"""Who is told of what changed: rules in `alerts.toml`, sent by webhook and e-mail.

    rules.py     the file: which events of which cases go where
    events.py    regressions, recoveries and releases, since what was told or over some days
    releases.py  releases that nobody measured yet, of an index of packages
    news.py      what each target is to be told, and the digest of some days
    told.py      what was told to whom, so that each event is told once
    words.py     an event and a digest as text, as Slack's JSON, as an e-mail
    sending.py   out: webhooks only to where everybody may reach, e-mail by SMTP

Start reading at `events.py`.
"""
