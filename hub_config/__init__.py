"""The hub: one place to sign in, work in notebooks and look at dashboards.

`jupyterhub_config` is what JupyterHub reads; the modules beside it each hold one matter:
who may sign in (`authenticator`), what a group may do (`roles`), what runs beside the hub
(`services`), how a user's server starts (`single_user`, `homes`), and what
starts it all and watches over it (`launch`).
"""
