"""medsins: evaluate, build, tune and rank medical language models with MedS-Bench and MedS-Ins."""

__version__ = "0.1.0"
