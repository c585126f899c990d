"""Identities: the fleet's own CA, the certificates and keys of its nodes, and which still count.

One subject a file: `create` begins a fleet's keys, `authority` is the CA, `certificate` what it
signs for a node, `revocation` the list of what counts no more, `record` what is known of a node's
identity, `keys` its secret half, `chip` the board it is bound to, `retained` what a broker keeps
of a node, `clock` whether this host's time can be right.  `nodewright.provision` puts them to use,
`nodewright.audit` remembers who did what (docs/decisions/0015-identities.md).

| path | what | under version control |
| --- | --- | --- |
| pki/ca.pem | the CA's certificate | yes |
| pki/crl.pem | its certificate revocation list | yes |
| pki/update.pub | public half of the key that signs updates | yes |
| identities/NODE.toml | certificates of a node with their history, its chip | yes |
| audit.jsonl | who did what when | yes |
| secrets/ca.key, secrets/update.key | private keys | no |
| secrets/NODE.SERIAL.key | private key of a certificate, by 8 digits of its serial | no |
| secrets/NODE.app-key | LoRaWAN's AppKey | no |
"""
