"""libvirt's remote protocol without any input or output: bytes in, messages out, and back.

``layout`` reads the notation of the tables in ``protocol``, ``compiler`` makes codecs of it,
``xdr`` is what they share. ``packet`` and ``connection`` frame messages, ``stream`` knows the
rules of streams, ``faults`` and ``typedparams`` build what is in many replies.
"""
