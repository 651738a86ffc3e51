"""The auditor's console: pages over the audit service, for people who look before they ask.

Each page is one call, or a few, to the node's own workers, with what the visitor signed in with: there is no second
path to the data, and no store is opened here. Pages are made on the server (`templates`) and say everything without a
script; scripts only draw the charts. Every asset is ours and is named by its hash (`assets`).
"""
