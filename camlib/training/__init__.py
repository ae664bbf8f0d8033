"""From an untrained network to a run of snapshots, from photographs to a transferred head."""
