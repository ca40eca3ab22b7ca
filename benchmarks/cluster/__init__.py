"""What several replicas behind HAProxy do together, and what is lost when one of them goes."""
