"""Offline stages: videos of one shard, own settings, input stores and weights to one part of a store."""
