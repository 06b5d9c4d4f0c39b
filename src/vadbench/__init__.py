"""Offline feature extraction and evaluation for video anomaly detection."""

__version__ = "0.1.0"
