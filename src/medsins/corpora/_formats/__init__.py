"""Readers of the shapes corpora come in; used by corpus modules and by the generic importer."""
